# The address stays when the machine is replaced, and is known before there is one.
resource "google_compute_address" "hub" {
  name   = var.name
  region = var.region
}

resource "google_compute_firewall" "web" {
  name          = "${var.name}-web"
  network       = var.network
  source_ranges = ["0.0.0.0/0"]
  target_tags   = [var.name]

  allow {
    protocol = "tcp"
    ports    = ["80", "443"]
  }
}

resource "google_compute_firewall" "ssh" {
  count = length(var.ssh_from) == 0 ? 0 : 1

  name          = "${var.name}-ssh"
  network       = var.network
  priority      = 900 # before no_other_ssh
  source_ranges = var.ssh_from
  target_tags   = [var.name]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}

# A project's default network lets the whole world in by SSH; not to this machine.
resource "google_compute_firewall" "no_other_ssh" {
  name          = "${var.name}-no-other-ssh"
  network       = var.network
  priority      = 950
  source_ranges = ["0.0.0.0/0"]
  target_tags   = [var.name]

  deny {
    protocol = "tcp"
    ports    = ["22"]
  }
}

data "google_dns_managed_zone" "hub" {
  count = var.dns_zone == null ? 0 : 1
  name  = var.dns_zone
}

resource "google_dns_record_set" "hub" {
  count = var.dns_zone == null ? 0 : 1

  managed_zone = data.google_dns_managed_zone.hub[0].name
  name         = "${module.user_data.host}."
  type         = "A"
  ttl          = 300
  rrdatas      = [google_compute_address.hub.address]
}
