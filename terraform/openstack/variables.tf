variable "name" {
  description = "The machine's name, and the beginning of the name of all that belongs to it. Choose it once: another name later can make the machine anew, and on Google is refused for the disk's sake."
  type        = string
  default     = "opendata-hub"

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", var.name))
    error_message = "A name is of a-z, 0-9 and -, begins with a letter and has 40 characters at most."
  }
}

variable "machine_type" {
  description = "The flavour: openstack flavor list shows them. Reckon 1 to 2 GB of memory for each student at work, and a root disk of 40 GB or more. Changing it stops the machine for a minute."
  type        = string
}

variable "image" {
  description = "The name of a Debian 12 or 13 image with cloud-init: openstack image list shows them."
  type        = string
}

variable "data_disk_gb" {
  description = "The size in GB of the disk for homes and datasets. It can grow later, never shrink."
  type        = number
  default     = 100

  validation {
    condition     = var.data_disk_gb >= 10 && floor(var.data_disk_gb) == var.data_disk_gb
    error_message = "The data disk has 10 GB or more, in whole GB."
  }
}

variable "hub_yaml" {
  description = "The path of your hub.yaml. It goes onto the machine when the machine is made; edit it there later."
  type        = string
}

variable "files" {
  description = "The files that hub.yaml names, such as a class list: paths relative to hub.yaml. With the data in hub.yaml they end up in Terraform's state: keep that to yourself."
  type        = list(string)
  default     = []
}

variable "package" {
  description = "Which opendata-hub: what pip takes, such as opendata-hub==1.2. A running machine is upgraded by `sudo opendata-hub upgrade`."
  type        = string
  default     = "opendata-hub"
}

variable "ssh_key" {
  description = "Your public SSH key (the text of ~/.ssh/id_ed25519.pub), for the user debian. null: nobody logs in. Changing it makes the machine anew."
  type        = string
  default     = null

  validation {
    condition     = var.ssh_key == null ? true : can(regex("^(ssh|ecdsa|sk)-", var.ssh_key))
    error_message = "ssh_key is the text of a public key, one line that begins with ssh-; file(\"~/.ssh/id_ed25519.pub\") is not understood in a tfvars file."
  }
}

variable "ssh_from" {
  description = "Address ranges that may log in by SSH, such as [\"203.0.113.7/32\"]. Without one nobody may."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for range in var.ssh_from : can(cidrhost(range, 0)) && !strcontains(range, ":")])
    error_message = "A range is an IPv4 address, a slash and a number of bits: 203.0.113.7/32 is one address."
  }
}

variable "dns_zone" {
  description = "The id of the Designate zone of hub.url's name, to write its address there; null: you write it yourself, wherever that name is kept."
  type        = string
  default     = null
}

variable "zone" {
  description = "The availability zone of the machine. null: the cloud chooses. Changing it makes the machine anew."
  type        = string
  default     = null
}

variable "network" {
  description = "The name of your project's network. null: the cloud has one for all, as CERN has; then there are no ports and security groups of your own either."
  type        = string
  default     = null
}

variable "floating_pool" {
  description = "The network that floating addresses come from, often public or external. null: the machine's own address is used."
  type        = string
  default     = null
}

variable "volume_type" {
  description = "The type of the data disk: openstack volume type list shows them; choose one that is encrypted where there is one. null: the cloud's default."
  type        = string
  default     = null
}
