mock_provider "aws" {
  override_during = plan

  mock_data "aws_subnets" {
    defaults = { ids = ["subnet-b", "subnet-a"] }
  }
  mock_data "aws_subnet" {
    defaults = { id = "subnet-a", vpc_id = "vpc-1", availability_zone = "eu-central-1b" }
  }
  mock_data "aws_ami" {
    defaults = { id = "ami-debian" }
  }
  mock_resource "aws_ebs_volume" {
    defaults = { id = "vol-0123abcd4567ef890" }
  }
  mock_resource "aws_instance" {
    defaults = { id = "i-0123" }
  }
  mock_resource "aws_eip" {
    defaults = { id = "eipalloc-1", public_ip = "203.0.113.10" }
  }
}

# Another text than this machine's files give.
override_resource {
  target          = terraform_data.made_from
  override_during = plan
  values          = { output = "made from other files" }
}

variables {
  hub_yaml = "tests/hub.yaml"
}

run "a_machine_with_a_key_and_a_name" {
  command = plan

  variables {
    ssh_key  = "ssh-ed25519 AAAA anna"
    ssh_from = ["203.0.113.7/32", "198.51.100.0/24"]
    dns_zone = "Z123"
    files    = ["classes/physics.csv"]
  }

  assert {
    condition     = yamldecode(module.user_data.user_data).runcmd[0] == ["python3", "/opt/opendata-hub/bootstrap.py", "--package", "opendata-hub", "--data-disk", "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123abcd4567ef890", "--page"]
    error_message = "The machine is told its data disk by the volume's id."
  }
  assert {
    condition     = aws_instance.hub.user_data_base64 == module.user_data.base64gzip
    error_message = "The machine gets the user-data."
  }
  assert {
    condition     = contains([for file in yamldecode(module.user_data.user_data).write_files : file.path], "/etc/opendata-hub/classes/physics.csv")
    error_message = "Files are read beside hub.yaml."
  }
  assert {
    condition     = aws_instance.hub.metadata_options[0].http_tokens == "required" && aws_instance.hub.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "The metadata service answers the machine only, and only with a token."
  }
  assert {
    condition     = aws_instance.hub.root_block_device[0].encrypted && aws_ebs_volume.data.encrypted
    error_message = "Both disks are encrypted."
  }
  assert {
    condition     = aws_ebs_volume.data.availability_zone == "eu-central-1b" && aws_instance.hub.subnet_id == "subnet-a"
    error_message = "Disk and machine are in the same zone."
  }
  assert {
    condition     = aws_volume_attachment.data.stop_instance_before_detaching
    error_message = "The machine shuts down before its disk goes."
  }
  assert {
    condition     = [for rule in values(aws_vpc_security_group_ingress_rule.ssh) : "${rule.from_port}-${rule.to_port} ${rule.cidr_ipv4}"] == ["22-22 198.51.100.0/24", "22-22 203.0.113.7/32"]
    error_message = "SSH is open for the given ranges."
  }
  assert {
    condition     = [for rule in values(aws_vpc_security_group_ingress_rule.web) : "${rule.from_port}-${rule.to_port} ${rule.cidr_ipv4}"] == ["443-443 0.0.0.0/0", "80-80 0.0.0.0/0"]
    error_message = "The web is open for all."
  }
  assert {
    condition     = aws_route53_record.hub[0].name == "hub.example.org" && one(aws_route53_record.hub[0].records) == "203.0.113.10"
    error_message = "The name leads to the address that stays."
  }
  assert {
    condition     = output.ssh == "ssh admin@203.0.113.10" && output.status == "ssh admin@203.0.113.10 sudo opendata-hub install --status"
    error_message = "The outputs say how to log in."
  }
  assert {
    condition     = strcontains(output.hub_yaml, "-replace=aws_instance.hub")
    error_message = "Files that the machine was not made from are told."
  }
  assert {
    condition     = output.url == "https://hub.example.org" && output.progress == "http://203.0.113.10/" && output.address == "203.0.113.10" && output.data_disk == "vol-0123abcd4567ef890"
    error_message = "The outputs say where the hub and its data are."
  }
}

run "nobody_logs_in_unless_told" {
  command = plan

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.ssh) == 0 && length(aws_key_pair.hub) == 0
    error_message = "Without ranges there is no rule for SSH."
  }
  assert {
    condition     = length(aws_route53_record.hub) == 0
    error_message = "Without a zone no record is written."
  }
  assert {
    condition     = startswith(output.ssh, "closed")
    error_message = "The output says that SSH is closed."
  }
}

run "a_subnet_of_ones_own" {
  command = plan

  variables {
    network = "subnet-mine"
  }

  assert {
    condition     = length(data.aws_subnets.default) == 0
    error_message = "The default subnets are not asked for."
  }
}

run "a_zone_that_is_not_the_subnets_is_refused" {
  command = plan

  variables {
    network = "subnet-mine"
    zone    = "eu-central-1a"
  }
  expect_failures = [data.aws_subnet.hub]
}

run "an_account_without_a_default_subnet_is_told" {
  command = plan

  override_data {
    target = data.aws_subnets.default[0]
    values = { ids = [] }
  }
  expect_failures = [data.aws_subnets.default]
}

run "a_hub_that_answers_on_its_own_machine_only_is_refused" {
  command = plan

  variables {
    hub_yaml = "tests/localhost.yaml"
  }
  expect_failures = [aws_instance.hub]
}

run "a_range_is_a_range" {
  command = plan

  variables {
    ssh_from = ["my-laptop"]
  }
  expect_failures = [var.ssh_from]
}
