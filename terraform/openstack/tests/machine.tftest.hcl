mock_provider "openstack" {
  override_during = plan

  mock_data "openstack_images_image_v2" {
    defaults = { id = "1111aaaa-2222-3333-4444-555566667777" }
  }
  mock_resource "openstack_blockstorage_volume_v3" {
    defaults = { id = "0123abcd-4567-89ab-cdef-0123456789ab" }
  }
  mock_resource "openstack_networking_port_v2" {
    defaults = { id = "9999aaaa-2222-3333-4444-555566667777", all_fixed_ips = ["10.0.0.5"] }
  }
  mock_resource "openstack_networking_floatingip_v2" {
    defaults = { address = "203.0.113.10" }
  }
  mock_resource "openstack_compute_instance_v2" {
    defaults = { id = "7777aaaa-2222-3333-4444-555566667777", access_ip_v4 = "10.0.0.7" }
  }
}

# Another text than this machine's files give.
override_resource {
  target          = terraform_data.made_from
  override_during = plan
  values          = { output = "made from other files" }
}

variables {
  hub_yaml      = "tests/hub.yaml"
  machine_type  = "m1.xlarge"
  image         = "Debian 13"
  network       = "class"
  floating_pool = "public"
}

run "a_machine_with_a_floating_address_a_key_and_a_name" {
  command = plan

  variables {
    ssh_key  = "ssh-ed25519 AAAA anna"
    ssh_from = ["203.0.113.7/32", "198.51.100.0/24"]
    dns_zone = "5555aaaa-2222-3333-4444-555566667777"
    files    = ["classes/physics.csv"]
  }

  assert {
    condition     = yamldecode(openstack_compute_instance_v2.hub.user_data).runcmd[0] == ["python3", "/opt/opendata-hub/bootstrap.py", "--package", "opendata-hub", "--data-disk", "/dev/disk/by-id/*0123abcd-4567-89ab-c*", "--page"]
    error_message = "The machine is told its data disk by the beginning of its id."
  }
  assert {
    condition     = contains([for file in yamldecode(openstack_compute_instance_v2.hub.user_data).write_files : file.path], "/etc/opendata-hub/classes/physics.csv")
    error_message = "Files are read beside hub.yaml."
  }
  assert {
    condition     = [for disk in openstack_compute_instance_v2.hub.block_device : "${disk.source_type} ${disk.uuid} ${disk.delete_on_termination}"] == ["image 1111aaaa-2222-3333-4444-555566667777 true", "volume 0123abcd-4567-89ab-cdef-0123456789ab false"]
    error_message = "The data disk is not deleted with the machine."
  }
  assert {
    condition     = openstack_compute_instance_v2.hub.stop_before_destroy
    error_message = "The machine shuts down before its disk goes."
  }
  assert {
    condition     = [for rule in values(openstack_networking_secgroup_rule_v2.ssh) : "${rule.port_range_min} ${rule.remote_ip_prefix}"] == ["22 198.51.100.0/24", "22 203.0.113.7/32"]
    error_message = "SSH is open for the given ranges."
  }
  assert {
    condition     = [for rule in values(openstack_networking_secgroup_rule_v2.web) : "${rule.port_range_min}-${rule.port_range_max} ${rule.remote_ip_prefix}"] == ["443-443 0.0.0.0/0", "80-80 0.0.0.0/0"]
    error_message = "The web is open for all."
  }
  assert {
    condition     = openstack_dns_recordset_v2.hub[0].name == "hub.example.org." && one(openstack_dns_recordset_v2.hub[0].records) == "203.0.113.10"
    error_message = "The name leads to the floating address."
  }
  assert {
    condition     = output.ssh == "ssh debian@203.0.113.10" && output.status == "ssh debian@203.0.113.10 sudo opendata-hub install --status"
    error_message = "The outputs say how to log in."
  }
  assert {
    condition     = strcontains(output.hub_yaml, "-replace=openstack_compute_instance_v2.hub")
    error_message = "Files that the machine was not made from are told."
  }
  assert {
    condition     = output.url == "https://hub.example.org" && output.progress == "http://203.0.113.10/" && output.address == "203.0.113.10"
    error_message = "The outputs say where the hub is."
  }
}

run "nobody_logs_in_unless_told" {
  command = plan

  assert {
    condition     = length(openstack_networking_secgroup_rule_v2.ssh) == 0 && length(openstack_compute_keypair_v2.hub) == 0
    error_message = "Without ranges there is no rule for SSH."
  }
  assert {
    condition     = length(openstack_dns_recordset_v2.hub) == 0
    error_message = "Without a zone no record is written."
  }
  assert {
    condition     = startswith(output.ssh, "closed")
    error_message = "The output says that SSH is closed."
  }
}

run "a_cloud_with_one_network_for_all" {
  command = plan

  variables {
    network       = null
    floating_pool = null
    ssh_key       = "ssh-ed25519 AAAA anna"
  }

  assert {
    condition     = length(openstack_networking_port_v2.hub) + length(openstack_networking_secgroup_v2.hub) + length(openstack_networking_floatingip_v2.hub) == 0
    error_message = "At CERN there are no ports, groups and floating addresses."
  }
  assert {
    condition     = output.address == "10.0.0.7" && output.ssh == "ssh debian@10.0.0.7"
    error_message = "The machine's own address is used."
  }
}

run "a_hub_that_answers_on_its_own_machine_only_is_refused" {
  command = plan

  variables {
    hub_yaml = "tests/localhost.yaml"
  }
  expect_failures = [openstack_compute_instance_v2.hub]
}

run "a_range_is_a_range" {
  command = plan

  variables {
    ssh_from = ["my-laptop"]
  }
  expect_failures = [var.ssh_from]
}
