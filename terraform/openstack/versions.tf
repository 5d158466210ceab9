terraform {
  required_version = ">= 1.7"

  required_providers {
    openstack = {
      source = "terraform-provider-openstack/openstack"
      # What is used here is the same in all of these; 1.54.1 is what tests/terraform/providers.py can build.
      version = ">= 1.54.1, < 4.0"
    }
  }
}

# Cloud, project and login come from clouds.yaml (OS_CLOUD) or from the openrc file that you sourced.
provider "openstack" {}
