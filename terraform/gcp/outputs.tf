output "url" {
  description = "The hub, once it is installed."
  value       = module.user_data.url
}

output "address" {
  description = "The address that stays. Without dns_zone, write it as an A record of the hub's name."
  value       = google_compute_address.hub.address
}

output "progress" {
  description = "How far the installation is, until the hub takes over."
  value       = "http://${google_compute_address.hub.address}/"
}

output "ssh" {
  description = "How to log in."
  value       = local.ssh
}

output "status" {
  description = "The same progress, and why it stopped if it did."
  value       = local.status
}

output "data_disk" {
  description = "The disk with homes and datasets. Keep the id: it is all that is needed to find them again."
  value       = google_compute_disk.data.id
}

output "hub_yaml" {
  description = "Whether the machine was made from the files that are here now."
  value       = terraform_data.made_from.output == module.user_data.made_from ? "as the machine was made" : "changed since the machine was made, which was left as it is: change it there too, or make the machine anew with terraform apply -replace=google_compute_instance.hub"
}

locals {
  gcloud = "gcloud compute ssh ${var.name} --zone ${local.zone}"
  key    = "ssh debian@${google_compute_address.hub.address}"
  closed = "closed: set ssh_from to log in"
  ssh    = length(var.ssh_from) == 0 ? local.closed : var.ssh_key == null ? local.gcloud : local.key
  status = length(var.ssh_from) == 0 ? local.closed : "${local.ssh} ${var.ssh_key == null ? "-- " : ""}sudo opendata-hub install --status"
}
