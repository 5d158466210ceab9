module "user_data" {
  source = "../modules/user-data"

  hub_yaml = file(var.hub_yaml)
  files    = { for name in var.files : name => file("${dirname(var.hub_yaml)}/${name}") }
  package  = var.package
  # What a Nitro machine calls this volume, wherever it comes in the order of its disks.
  data_disk = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${replace(aws_ebs_volume.data.id, "-", "")}"
}

data "aws_ami" "debian" {
  most_recent = true
  owners      = ["136693071363"] # Debian's own account: wiki.debian.org/Cloud/AmazonEC2Image

  filter {
    name   = "name"
    values = [var.image]
  }
  filter {
    name   = "architecture"
    values = ["x86_64"]
  }
}

resource "aws_key_pair" "hub" {
  count = var.ssh_key == null ? 0 : 1

  key_name_prefix = "${var.name}-"
  public_key      = var.ssh_key
}

resource "aws_instance" "hub" {
  ami                    = data.aws_ami.debian.id
  instance_type          = var.machine_type
  subnet_id              = data.aws_subnet.hub.id
  vpc_security_group_ids = [aws_security_group.hub.id]
  key_name               = one(aws_key_pair.hub[*].key_name)
  user_data_base64       = module.user_data.base64gzip
  tags                   = { Name = var.name }

  # The first hop is the machine; a container, one further, never gets an answer.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_size = 60
    volume_type = "gp3"
    encrypted   = true
  }

  lifecycle {
    # A new image or an edited hub.yaml does not throw a machine away: terraform apply -replace does.
    ignore_changes = [ami, user_data_base64]

    precondition {
      condition     = module.user_data.host != null
      error_message = "In ${var.hub_yaml}, hub.url is ${coalesce(module.user_data.url, "missing")}, which nobody reaches from outside. Write https:// and the name that people will type, such as https://hub.example.org."
    }
  }
}

# What the machine was made from, so that a later difference is told.
resource "terraform_data" "made_from" {
  input = module.user_data.made_from

  lifecycle {
    ignore_changes       = [input]
    replace_triggered_by = [aws_instance.hub.id]
  }
}
