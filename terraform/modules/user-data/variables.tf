variable "hub_yaml" {
  description = "The text of hub.yaml."
  type        = string

  validation {
    condition     = can(keys(yamldecode(var.hub_yaml)))
    error_message = "hub.yaml is not YAML with keys such as hub: and login:; opendata-hub check hub.yaml says where it breaks."
  }
}

variable "files" {
  description = "The files that hub.yaml names: text by the path relative to hub.yaml."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.files) : can(regex("^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", name)) && !contains(split("/", name), "..")])
    error_message = "A name in files is a path relative to hub.yaml, of letters, digits, and _ . - only, such as classes/physics.csv."
  }
}

variable "package" {
  description = "What pip installs: opendata-hub==1.2, the URL of a wheel, or git+https://..."
  type        = string
  default     = "opendata-hub"
}

variable "data_disk" {
  description = "The device for homes and datasets, by a name that stays: /dev/disk/by-id/... A pattern may be given. It may appear minutes after the machine. null: no disk of its own."
  type        = string
  default     = null
}
