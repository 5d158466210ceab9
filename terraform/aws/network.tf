data "aws_subnets" "default" {
  count = var.network == null ? 1 : 0

  filter {
    name   = "default-for-az"
    values = ["true"]
  }
  dynamic "filter" {
    for_each = var.zone[*]
    content {
      name   = "availability-zone"
      values = [filter.value]
    }
  }

  lifecycle {
    postcondition {
      condition     = length(self.ids) > 0
      error_message = "There is no default subnet here. Make one with aws ec2 create-default-subnet --availability-zone ZONE, or write the id of a public subnet as network."
    }
  }
}

data "aws_subnet" "hub" {
  id = var.network != null ? var.network : sort(data.aws_subnets.default[0].ids)[0]

  lifecycle {
    postcondition {
      condition     = var.zone == null ? true : self.availability_zone == var.zone
      error_message = "The subnet ${self.id} is in ${self.availability_zone}, and zone is ${coalesce(var.zone, "null")}: a subnet has one zone. Leave zone out, or write another network."
    }
  }
}

resource "aws_security_group" "hub" {
  name_prefix = "${var.name}-"
  description = "opendata-hub: web for all, SSH from given ranges"
  vpc_id      = data.aws_subnet.hub.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "web" {
  for_each = toset(["80", "443"])

  security_group_id = aws_security_group.hub.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value)
  to_port           = tonumber(each.value)
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  for_each = toset(var.ssh_from)

  security_group_id = aws_security_group.hub.id
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.hub.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

# The address stays when the machine is replaced, and is known before there is one.
resource "aws_eip" "hub" {
  domain = "vpc"
  tags   = { Name = var.name }
}

resource "aws_eip_association" "hub" {
  allocation_id = aws_eip.hub.id
  instance_id   = aws_instance.hub.id
}

resource "aws_route53_record" "hub" {
  count = var.dns_zone == null ? 0 : 1

  zone_id = var.dns_zone
  name    = module.user_data.host
  type    = "A"
  ttl     = 300
  records = [aws_eip.hub.public_ip]
}
