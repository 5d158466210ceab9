# Homes, datasets and the hub's own state. It outlives the machine: see "Back to nothing" in README.md.
resource "aws_ebs_volume" "data" {
  availability_zone = data.aws_subnet.hub.availability_zone
  size              = var.data_disk_gb
  type              = "gp3"
  encrypted         = true
  tags              = { Name = "${var.name}-data" }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_volume_attachment" "data" {
  device_name = "/dev/sdf" # asked for, and ignored by machines of today: see data_disk in machine.tf
  volume_id   = aws_ebs_volume.data.id
  instance_id = aws_instance.hub.id

  # Nobody writes any more when the disk goes.
  stop_instance_before_detaching = true
}
