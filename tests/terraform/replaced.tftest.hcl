mock_provider "@provider@" {
@defaults@
}

variables {
  hub_yaml = "tests/hub.yaml"
@variables@
}

run "made" {
  assert {
    condition     = output.hub_yaml == "as the machine was made"
    error_message = "A new machine has the files that are here."
  }
}

run "edited" {
  variables {
    hub_yaml = "tests/edited.yaml"
  }

  assert {
    condition     = output.machine == run.made.machine && output.data_disk == run.made.data_disk
    error_message = "An edited hub.yaml leaves machine and disk alone."
  }
  assert {
    condition     = strcontains(output.hub_yaml, "-replace=@machine@")
    error_message = "It is told that the machine has another."
  }
}

run "replaced" {
  variables {
    hub_yaml = "tests/edited.yaml"
  }
  plan_options {
    replace = [@machine@]
  }

  assert {
    condition     = output.machine != run.made.machine
    error_message = "The machine is another."
  }
  assert {
    condition     = output.data_disk == run.made.data_disk && output.address == run.made.address
    error_message = "Disk and address are the same."
  }
  assert {
    condition     = output.hub_yaml == "as the machine was made"
    error_message = "The new machine has the files that are here."
  }
}
@more@
