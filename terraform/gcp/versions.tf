terraform {
  required_version = ">= 1.7"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 8.0" # what is used here is the same in all of these
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
  zone    = local.zone
}

locals {
  zone = var.zone != null ? var.zone : "${var.region}-b"
}
