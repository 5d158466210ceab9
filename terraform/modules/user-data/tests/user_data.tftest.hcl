variables {
  hub_yaml = <<-YAML
    hub: {title: Physics, url: "https://hub.example.org"}
    login: {method: native}
  YAML
}

run "a_machine_gets_hub_yaml_and_the_program_that_installs" {
  command = plan

  assert {
    condition     = startswith(output.user_data, "#cloud-config\n")
    error_message = "cloud-init knows its file by the first line."
  }
  assert {
    condition     = [for file in yamldecode(output.user_data).write_files : file.path] == ["/etc/opendata-hub/hub.yaml", "/opt/opendata-hub/bootstrap.py"]
    error_message = "Both files are written, in this order."
  }
  assert {
    condition     = yamldecode(output.user_data).runcmd == [["python3", "/opt/opendata-hub/bootstrap.py", "--package", "opendata-hub", "--page"]]
    error_message = "One command installs, with the page that says how far it is."
  }
  assert {
    condition     = yamldecode(output.user_data).write_files[0].content == base64gzip(var.hub_yaml)
    error_message = "hub.yaml travels as it is."
  }
  assert {
    condition     = output.host == "hub.example.org" && output.url == "https://hub.example.org"
    error_message = "The name is the one of hub.url."
  }
}

run "files_that_hub_yaml_names_come_along_readable_by_root_only" {
  command = plan

  variables {
    files = { "b.csv" = "b", "a/a.csv" = "a" }
  }

  assert {
    condition     = [for file in yamldecode(output.user_data).write_files : "${file.path} ${file.permissions}"] == ["/etc/opendata-hub/hub.yaml 0600", "/etc/opendata-hub/a/a.csv 0600", "/etc/opendata-hub/b.csv 0600", "/opt/opendata-hub/bootstrap.py 0755"]
    error_message = "Files lie beside hub.yaml, sorted, bootstrap.py last."
  }
}

run "a_data_disk_and_a_version_are_handed_on" {
  command = plan

  variables {
    package   = "opendata-hub==1.2"
    data_disk = "/dev/disk/by-id/google-data"
  }

  assert {
    condition     = yamldecode(output.user_data).runcmd[0] == ["python3", "/opt/opendata-hub/bootstrap.py", "--package", "opendata-hub==1.2", "--data-disk", "/dev/disk/by-id/google-data", "--page"]
    error_message = "bootstrap.py gets both."
  }
  assert {
    condition     = output.made_from != run.a_machine_gets_hub_yaml_and_the_program_that_installs.made_from
    error_message = "Another package is another machine."
  }
}

run "the_proxy_and_the_authority_of_the_site_serve_the_first_download_too" {
  command = plan

  variables {
    hub_yaml = <<-YAML
      site: {http_proxy: "http://proxy.example.org:3128", no_proxy: [.example.org], ca_bundle: site.pem}
    YAML
    files    = { "site.pem" = "-----BEGIN CERTIFICATE-----" }
  }

  assert {
    condition     = slice(yamldecode(output.user_data).runcmd[0], 0, 6) == ["env", "http_proxy=http://proxy.example.org:3128", "https_proxy=http://proxy.example.org:3128", "no_proxy=localhost,127.0.0.1,::1,.example.org", "PIP_CERT=/etc/opendata-hub/site.pem", "python3"]
    error_message = "pip goes through the proxy and trusts the authority."
  }
  assert {
    condition     = output.host == null
    error_message = "Without hub.url there is no name."
  }
}

run "a_hub_of_this_machine_only_has_no_name" {
  command = plan

  variables {
    hub_yaml = "hub: {url: 'http://localhost:8000'}"
  }

  assert {
    condition     = output.host == null && output.url == "http://localhost:8000"
    error_message = "localhost is nobody's name on the network."
  }
}

run "what_is_not_yaml_is_refused" {
  command = plan

  variables {
    hub_yaml = "hub: ["
  }
  expect_failures = [var.hub_yaml]
}

run "a_file_cannot_leave_its_folder" {
  command = plan

  variables {
    files = { "../passwd" = "" }
  }
  expect_failures = [var.files]
}

run "more_than_clouds_take_is_refused" {
  command = plan

  variables {
    files = { "long" = join("", [for n in range(1000) : sha256(tostring(n))]) }
  }
  expect_failures = [output.user_data]
}
