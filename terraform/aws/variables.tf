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
  description = "The size, such as m7i.2xlarge. Reckon 1 to 2 GB of memory for each student at work. One of the Nitro system (all since 2018), x86_64. Changing it stops the machine for a minute."
  type        = string
  default     = "m7i.2xlarge"
}

variable "image" {
  description = "The name of Debian's own image, with * for its date."
  type        = string
  default     = "debian-13-amd64-*"
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
  description = "Your public SSH key (the text of ~/.ssh/id_ed25519.pub), for the user admin. null: nobody logs in. Changing it makes the machine anew."
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
  description = "The id of the Route 53 zone of hub.url's name, to write its address there; null: you write it yourself, wherever that name is kept."
  type        = string
  default     = null
}

variable "region" {
  description = "Where the machine is, such as eu-central-1. null: the region of your AWS settings."
  type        = string
  default     = null
}

variable "zone" {
  description = "The availability zone, such as eu-central-1a. null: the first with a subnet, or that of network. A disk cannot move to another one."
  type        = string
  default     = null
}

variable "network" {
  description = "The id of a public subnet. null: the default one of the zone."
  type        = string
  default     = null
}
