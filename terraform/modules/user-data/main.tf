# The same as `opendata-hub cloud-init` prints: hub.yaml and its files in, user-data out. It makes nothing.

terraform {
  required_version = ">= 1.7"
}

locals {
  config    = "/etc/opendata-hub"
  bootstrap = "/opt/opendata-hub/bootstrap.py"

  hub  = yamldecode(var.hub_yaml)
  url  = try(tostring(local.hub.hub.url), null)
  host = try(regex("^https?://([^/:]+)", local.url)[0], null)

  # Behind a proxy, or an authority of the site's own, the package itself has to be fetched through them.
  proxy     = try(tostring(local.hub.site.http_proxy), null)
  no_proxy  = concat(["localhost", "127.0.0.1", "::1"], try([for host in local.hub.site.no_proxy : tostring(host)], []))
  ca_bundle = try(tostring(local.hub.site.ca_bundle), null)
  trust     = local.ca_bundle == null ? null : startswith(local.ca_bundle, "/") ? local.ca_bundle : "${local.config}/${local.ca_bundle}"

  environment = concat(
    local.proxy == null ? [] : ["http_proxy=${local.proxy}", "https_proxy=${local.proxy}", "no_proxy=${join(",", local.no_proxy)}"],
    local.trust == null ? [] : ["PIP_CERT=${local.trust}"],
  )
  command = concat(
    length(local.environment) == 0 ? [] : concat(["env"], local.environment),
    ["python3", local.bootstrap, "--package", var.package],
    var.data_disk == null ? [] : ["--data-disk", var.data_disk],
    ["--page"],
  )

  placed = concat(
    [{ path = "${local.config}/hub.yaml", permissions = "0600", content = base64gzip(var.hub_yaml) }],
    [for name, text in var.files : { path = "${local.config}/${name}", permissions = "0600", content = base64gzip(text) }],
    [{ path = local.bootstrap, permissions = "0755", content = base64gzip(file("${path.module}/../../../bootstrap.py")) }],
  )

  user_data = join("\n", ["#cloud-config", yamlencode({
    write_files = [for file in local.placed : merge(file, { encoding = "gz+b64" })]
    runcmd      = [local.command]
  })])

  # Each boot runs it; bootstrap.py, written last, tells that the first one is over.
  startup_script = join("\n", concat(
    ["#!/bin/bash", "set -euo pipefail", "if [ -e ${local.bootstrap} ]; then exit 0; fi"],
    [for file in local.placed : "base64 -d <<<'${file.content}' | gzip -d | install -D -m ${file.permissions} /dev/stdin '${file.path}'"],
    ["exec ${join(" ", [for word in local.command : "'${replace(word, "'", "'\\''")}'"])}", ""],
  ))
}
