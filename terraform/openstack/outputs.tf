output "url" {
  description = "The hub, once it is installed."
  value       = module.user_data.url
}

output "address" {
  description = "The machine's address. Without dns_zone, write it as an A record of the hub's name; CERN has written it already."
  value       = local.address
}

output "progress" {
  description = "How far the installation is, until the hub takes over."
  value       = "http://${local.address}/"
}

output "ssh" {
  description = "How to log in."
  value       = local.ssh
}

output "status" {
  description = "The same progress, and why it stopped if it did."
  value       = local.may_log_in ? "${local.ssh} sudo opendata-hub install --status" : local.ssh
}

output "data_disk" {
  description = "The volume with homes and datasets. Keep the id: it is all that is needed to find them again."
  value       = openstack_blockstorage_volume_v3.data.id
}

output "hub_yaml" {
  description = "Whether the machine was made from the files that are here now."
  value       = terraform_data.made_from.output == module.user_data.made_from ? "as the machine was made" : "changed since the machine was made, which was left as it is: change it there too, or make the machine anew with terraform apply -replace=openstack_compute_instance_v2.hub"
}

locals {
  may_log_in = var.ssh_key != null && (length(var.ssh_from) > 0 || !local.has_network)
  ssh        = local.may_log_in ? "ssh debian@${local.address}" : "closed: set ssh_key and ssh_from to log in"
}
