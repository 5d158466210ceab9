# Homes, datasets and the hub's own state. It outlives the machine: see "Back to nothing" in README.md.
# Without a zone: volumes have zones of their own, of other names, and are attached across them.
resource "openstack_blockstorage_volume_v3" "data" {
  name                 = "${var.name}-data"
  size                 = var.data_disk_gb
  volume_type          = var.volume_type
  enable_online_resize = true

  lifecycle {
    prevent_destroy = true
  }
}
