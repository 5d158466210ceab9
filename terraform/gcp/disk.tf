# Homes, datasets and the hub's own state. It outlives the machine: see "Back to nothing" in README.md.
# Google encrypts every disk.
resource "google_compute_disk" "data" {
  name = "${var.name}-data"
  size = var.data_disk_gb
  type = "pd-balanced"
  zone = local.zone

  lifecycle {
    prevent_destroy = true
  }
}
