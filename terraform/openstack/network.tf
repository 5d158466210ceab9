locals {
  # A cloud with one network for all (CERN) has no ports and no security groups of a project's own.
  has_network = var.network != null
  floats      = local.has_network && var.floating_pool != null
  own_address = local.has_network ? openstack_networking_port_v2.hub[0].all_fixed_ips[0] : openstack_compute_instance_v2.hub.access_ip_v4
  address     = local.floats ? openstack_networking_floatingip_v2.hub[0].address : local.own_address
}

data "openstack_networking_network_v2" "hub" {
  count = local.has_network ? 1 : 0
  name  = var.network
}

resource "openstack_networking_secgroup_v2" "hub" {
  count = local.has_network ? 1 : 0

  name        = var.name
  description = "opendata-hub: web for all, SSH from given ranges"
}

resource "openstack_networking_secgroup_rule_v2" "web" {
  for_each = toset(local.has_network ? ["80", "443"] : [])

  security_group_id = openstack_networking_secgroup_v2.hub[0].id
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = tonumber(each.value)
  port_range_max    = tonumber(each.value)
  remote_ip_prefix  = "0.0.0.0/0"
}

resource "openstack_networking_secgroup_rule_v2" "ssh" {
  for_each = toset(local.has_network ? var.ssh_from : [])

  security_group_id = openstack_networking_secgroup_v2.hub[0].id
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = 22
  port_range_max    = 22
  remote_ip_prefix  = each.value
}

# The port, and so the machine's own address, stays when the machine is replaced.
resource "openstack_networking_port_v2" "hub" {
  count = local.has_network ? 1 : 0

  name               = var.name
  network_id         = data.openstack_networking_network_v2.hub[0].id
  admin_state_up     = true
  security_group_ids = [openstack_networking_secgroup_v2.hub[0].id]
}

resource "openstack_networking_floatingip_v2" "hub" {
  count = local.floats ? 1 : 0
  pool  = var.floating_pool
}

resource "openstack_networking_floatingip_associate_v2" "hub" {
  count = local.floats ? 1 : 0

  floating_ip = openstack_networking_floatingip_v2.hub[0].address
  port_id     = openstack_networking_port_v2.hub[0].id
}

resource "openstack_dns_recordset_v2" "hub" {
  count = var.dns_zone == null ? 0 : 1

  zone_id = var.dns_zone
  name    = "${module.user_data.host}."
  type    = "A"
  ttl     = 300
  records = [local.address]
}
