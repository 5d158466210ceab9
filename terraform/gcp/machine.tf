module "user_data" {
  source = "../modules/user-data"

  hub_yaml  = file(var.hub_yaml)
  files     = { for name in var.files : name => file("${dirname(var.hub_yaml)}/${name}") }
  package   = var.package
  data_disk = "/dev/disk/by-id/google-data" # google- and the device_name below
}

data "google_compute_image" "debian" {
  family      = var.image
  project     = "debian-cloud"
  most_recent = true
}

resource "google_compute_instance" "hub" {
  name                      = var.name
  machine_type              = var.machine_type
  zone                      = local.zone
  tags                      = [var.name]
  allow_stopping_for_update = true

  # No service account: nothing on this machine can act in the project.
  boot_disk {
    initialize_params {
      image = data.google_compute_image.debian.self_link
      size  = 60
      type  = "pd-balanced"
    }
  }

  # A disk attached this way is never deleted with the machine, and let go of after it has shut down.
  attached_disk {
    source      = google_compute_disk.data.self_link
    device_name = "data"
  }

  network_interface {
    network = var.network

    access_config {
      nat_ip = google_compute_address.hub.address
    }
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  # Google's Debian images have no cloud-init; their agent runs this script.
  metadata = merge(
    {
      startup-script         = module.user_data.startup_script
      enable-oslogin         = var.ssh_key == null ? "TRUE" : "FALSE"
      block-project-ssh-keys = "TRUE"
    },
    var.ssh_key == null ? {} : { ssh-keys = "debian:${var.ssh_key}" },
  )

  lifecycle {
    # A new image or an edited hub.yaml does not throw a machine away: terraform apply -replace does.
    ignore_changes = [boot_disk[0].initialize_params[0].image, metadata["startup-script"]]

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
    replace_triggered_by = [google_compute_instance.hub.id, google_compute_instance.hub.instance_id]
  }
}
