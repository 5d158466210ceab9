output "user_data" {
  description = "The file that cloud-init takes at the first boot."
  value       = local.user_data

  precondition {
    condition     = length(local.user_data) <= 16384
    error_message = "The user-data is ${length(local.user_data)} bytes, and clouds take 16384: hub.yaml and the files it names are too long to travel this way. Leave out long files, and copy them to /etc/opendata-hub/ once the machine runs."
  }
}

output "base64gzip" {
  description = "The same, compressed and in base64: for clouds that want it so, and shorter."
  value       = base64gzip(local.user_data)
}

output "startup_script" {
  description = "The same as a script, for images without cloud-init, as those of Google are."
  value       = local.startup_script
}

output "url" {
  description = "The hub's address, as hub.yaml has it; null if it has none."
  value       = local.url
}

output "host" {
  description = "The name in that address; null if there is none, or if only the machine itself knows it."
  value       = local.host == "localhost" ? null : local.host
}

output "made_from" {
  description = "Another text for each other hub.yaml, files or package: tells whether a machine was made from these."
  value       = sha256(jsonencode([var.hub_yaml, var.files, var.package]))
}
