mock_provider "google" {
  override_during = plan

  mock_data "google_compute_image" {
    defaults = { self_link = "projects/debian-cloud/global/images/debian-13-v1" }
  }
  mock_data "google_dns_managed_zone" {
    defaults = { name = "example-org" }
  }
  mock_resource "google_compute_disk" {
    defaults = { id = "projects/p/zones/europe-west1-b/disks/opendata-hub-data", self_link = "projects/p/zones/europe-west1-b/disks/opendata-hub-data" }
  }
  mock_resource "google_compute_instance" {
    defaults = { id = "projects/p/zones/europe-west1-b/instances/opendata-hub", instance_id = "1" }
  }
  mock_resource "google_compute_address" {
    defaults = { address = "203.0.113.10" }
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
    dns_zone = "example-org"
    files    = ["classes/physics.csv"]
  }

  assert {
    condition     = google_compute_instance.hub.metadata["startup-script"] == module.user_data.startup_script && strcontains(module.user_data.startup_script, "'--data-disk' '/dev/disk/by-id/google-data'")
    error_message = "The machine is told to install, and its data disk."
  }
  assert {
    condition     = strcontains(module.user_data.startup_script, "'/etc/opendata-hub/classes/physics.csv'")
    error_message = "Files are read beside hub.yaml."
  }
  assert {
    condition     = google_compute_instance.hub.attached_disk[0].source == google_compute_disk.data.self_link && google_compute_instance.hub.attached_disk[0].device_name == "data"
    error_message = "The data disk is attached under its name."
  }
  assert {
    condition     = google_compute_instance.hub.shielded_instance_config[0].enable_secure_boot && google_compute_instance.hub.shielded_instance_config[0].enable_vtpm
    error_message = "The machine is a shielded one."
  }
  assert {
    condition     = length(google_compute_instance.hub.service_account) == 0
    error_message = "The machine can do nothing in the project."
  }
  assert {
    condition     = google_compute_instance.hub.metadata["ssh-keys"] == "debian:ssh-ed25519 AAAA anna" && google_compute_instance.hub.metadata["enable-oslogin"] == "FALSE"
    error_message = "A key of one's own takes the place of OS Login."
  }
  assert {
    condition     = google_compute_firewall.ssh[0].source_ranges == toset(["198.51.100.0/24", "203.0.113.7/32"]) && google_compute_firewall.ssh[0].priority < google_compute_firewall.no_other_ssh.priority
    error_message = "SSH is open for the given ranges."
  }
  assert {
    condition     = one(google_compute_firewall.no_other_ssh.deny).ports == tolist(["22"]) && google_compute_firewall.no_other_ssh.priority < 1000
    error_message = "The default network's own rule, of priority 65534, lets nobody else in."
  }
  assert {
    condition     = one(google_compute_firewall.web.allow).ports == tolist(["80", "443"]) && google_compute_firewall.web.source_ranges == toset(["0.0.0.0/0"])
    error_message = "The web is open for all."
  }
  assert {
    condition     = google_dns_record_set.hub[0].name == "hub.example.org." && google_dns_record_set.hub[0].rrdatas == tolist(["203.0.113.10"])
    error_message = "The name leads to the address that stays."
  }
  assert {
    condition     = output.ssh == "ssh debian@203.0.113.10" && output.status == "ssh debian@203.0.113.10 sudo opendata-hub install --status"
    error_message = "The outputs say how to log in."
  }
  assert {
    condition     = strcontains(output.hub_yaml, "-replace=google_compute_instance.hub")
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
    condition     = length(google_compute_firewall.ssh) == 0 && one(google_compute_firewall.no_other_ssh.deny).protocol == "tcp"
    error_message = "Without ranges there is no rule for SSH but the one that forbids it."
  }
  assert {
    condition     = length(google_dns_record_set.hub) == 0
    error_message = "Without a zone no record is written."
  }
  assert {
    condition     = startswith(output.ssh, "closed")
    error_message = "The output says that SSH is closed."
  }
}

run "without_a_key_the_google_account_logs_in" {
  command = plan

  variables {
    ssh_from = ["203.0.113.7/32"]
    region   = "europe-north1"
  }

  assert {
    condition     = google_compute_instance.hub.metadata["enable-oslogin"] == "TRUE" && !contains(keys(google_compute_instance.hub.metadata), "ssh-keys")
    error_message = "OS Login is on."
  }
  assert {
    condition     = output.status == "gcloud compute ssh opendata-hub --zone europe-north1-b -- sudo opendata-hub install --status"
    error_message = "The outputs say how to log in."
  }
}

run "a_hub_that_answers_on_its_own_machine_only_is_refused" {
  command = plan

  variables {
    hub_yaml = "tests/localhost.yaml"
  }
  expect_failures = [google_compute_instance.hub]
}

run "a_range_is_a_range" {
  command = plan

  variables {
    ssh_from = ["my-laptop"]
  }
  expect_failures = [var.ssh_from]
}
