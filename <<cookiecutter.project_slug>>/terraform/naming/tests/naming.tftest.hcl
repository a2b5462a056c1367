# Runs offline: `terraform -chdir=terraform/naming init && terraform -chdir=terraform/naming test`.

variables {
  secret      = "0123456789abcdef0123456789abcdef"
  fingerprint = "f"
  routes = {
    "$connect" = {
      two_way            = false
      description        = "WebSocket route $connect"
      uri                = "https://www.example.com/ws/connect"
      method             = "POST"
      timeout_ms         = 29000
      request_parameters = { "integration.request.header.X-Gateway-Event" = "'CONNECT'" }
    }
    "$disconnect" = {
      two_way            = false
      description        = "WebSocket route $disconnect"
      uri                = "https://www.example.com/ws/disconnect"
      method             = "POST"
      timeout_ms         = 29000
      request_parameters = {}
    }
    "$default" = {
      two_way            = true
      description        = "WebSocket route $default"
      uri                = "https://www.example.com/ws/default"
      method             = "POST"
      timeout_ms         = 29000
      request_parameters = {}
    }
  }
}

run "the_secret_is_mapped_on_every_route" {
  command = plan

  assert {
    condition     = alltrue([for parameters in values(nonsensitive(output.request_parameters)) : parameters["integration.request.header.X-Gateway-Secret"] == "'0123456789abcdef0123456789abcdef'"])
    error_message = "A route lacks the secret."
  }

  assert {
    condition     = nonsensitive(output.request_parameters)["$connect"]["integration.request.header.X-Gateway-Event"] == "'CONNECT'"
    error_message = "The other headers are gone."
  }
}

run "only_two_way_routes_answer" {
  command = plan

  assert {
    condition     = output.two_way_routes == toset(["$default"])
    error_message = "The two-way routes are not those of the variables."
  }
}

run "the_description_is_the_one_that_django_writes" {
  command = plan

  assert {
    condition     = output.deployment_description == "WebSocket deployment 5161e2d23d8b7880"
    error_message = "Django and Terraform describe the same deployment otherwise."
  }
}

run "another_secret_is_another_deployment" {
  command = plan

  variables {
    secret = "another-secret-another-secret-1234"
  }

  assert {
    condition     = output.deployment_description != run.the_description_is_the_one_that_django_writes.deployment_description
    error_message = "A new secret would not be deployed."
  }
}

run "a_short_secret_is_refused" {
  command         = plan
  expect_failures = [var.secret]

  variables {
    secret = "short"
  }
}

run "a_route_that_is_not_https_is_refused" {
  command         = plan
  expect_failures = [var.routes]

  variables {
    routes = {
      "$connect"    = { two_way = false, description = "", uri = "http://www.example.com/ws/connect", method = "POST", timeout_ms = 29000, request_parameters = {} }
      "$disconnect" = { two_way = false, description = "", uri = "https://www.example.com/ws/disconnect", method = "POST", timeout_ms = 29000, request_parameters = {} }
      "$default"    = { two_way = true, description = "", uri = "https://www.example.com/ws/default", method = "POST", timeout_ms = 29000, request_parameters = {} }
    }
  }
}

run "missing_built_in_routes_are_refused" {
  command         = plan
  expect_failures = [var.routes]

  variables {
    routes = {
      "$connect" = { two_way = false, description = "", uri = "https://www.example.com/ws/connect", method = "POST", timeout_ms = 29000, request_parameters = {} }
    }
  }
}
