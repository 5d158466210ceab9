module "user_data" {
  source = "../modules/user-data"

  hub_yaml = file(var.hub_yaml)
  files    = { for name in var.files : name => file("${dirname(var.hub_yaml)}/${name}") }
  package  = var.package
  # virtio shows 20 characters of the volume's id, SCSI all.
  data_disk = "/dev/disk/by-id/*${substr(openstack_blockstorage_volume_v3.data.id, 0, 20)}*"
}

data "openstack_images_image_v2" "debian" {
  name        = var.image
  most_recent = true
}

resource "openstack_compute_keypair_v2" "hub" {
  count = var.ssh_key == null ? 0 : 1

  name       = var.name
  public_key = var.ssh_key
}

# Another key has the same name, which is all that the machine has of it.
resource "terraform_data" "key" {
  input = var.ssh_key
}

resource "openstack_compute_instance_v2" "hub" {
  name                = var.name
  flavor_name         = var.machine_type
  image_id            = data.openstack_images_image_v2.debian.id
  availability_zone   = var.zone
  key_pair            = one(openstack_compute_keypair_v2.hub[*].name)
  user_data           = module.user_data.user_data
  stop_before_destroy = true # so that nobody writes any more when the data disk goes

  block_device {
    uuid                  = data.openstack_images_image_v2.debian.id
    source_type           = "image"
    destination_type      = "local"
    boot_index            = 0
    delete_on_termination = true
  }

  block_device {
    uuid                  = openstack_blockstorage_volume_v3.data.id
    source_type           = "volume"
    destination_type      = "volume"
    boot_index            = -1
    delete_on_termination = false
  }

  dynamic "network" {
    for_each = openstack_networking_port_v2.hub
    content {
      port = network.value.id
    }
  }

  lifecycle {
    # A new image or an edited hub.yaml does not throw a machine away: terraform apply -replace does.
    ignore_changes       = [image_id, block_device[0].uuid, user_data]
    replace_triggered_by = [terraform_data.key]

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
    replace_triggered_by = [openstack_compute_instance_v2.hub.id]
  }
}
