# What can be decided without AWS, so that it can be tested without AWS: `terraform test` in this folder needs no provider.

terraform {
  required_version = ">= 1.6"
}

variable "routes" {
  description = "The routes as terraform_vars wrote them."
  type = map(object({
    two_way            = bool
    description        = string
    uri                = string
    method             = string
    timeout_ms         = number
    request_parameters = map(string)
  }))

  validation {
    condition     = alltrue([for key in keys(var.routes) : can(regex("^(\\$connect|\\$disconnect|\\$default|[A-Za-z0-9_-]{1,128})$", key))])
    error_message = "A route key has up to 128 letters, digits, hyphens and underscores, or is $connect, $disconnect or $default."
  }

  validation {
    condition     = alltrue([for key in ["$connect", "$disconnect", "$default"] : contains(keys(var.routes), key)])
    error_message = "The three built-in routes are missing: write the variables with manage.py terraform_vars."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : startswith(route.uri, "https://")])
    error_message = "API Gateway calls https addresses only: set DJANGO_BASE_URL and run manage.py terraform_vars again."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : route.timeout_ms >= 50 && route.timeout_ms <= 29000])
    error_message = "An integration waits between 50 ms and 29 s."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : !contains(keys(route.request_parameters), "integration.request.header.X-Gateway-Secret")])
    error_message = "The secret must not be in the variables file: it goes in as TF_VAR_websocket_secret."
  }
}

variable "secret" {
  description = "The shared secret."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[A-Za-z0-9._~+/=-]{32,510}$", var.secret))
    error_message = "The secret has 32 to 510 letters, digits and ._~+/=-."
  }
}

variable "fingerprint" {
  description = "What manage.py terraform_vars says of everything that a deployment freezes, the secret aside."
  type        = string
}

locals {
  # The digest of a long random secret gives nothing away. It is what a new secret is known by.
  deployment = nonsensitive(substr(sha256("${var.fingerprint}:${var.secret}"), 0, 16))
}

output "request_parameters" {
  description = "The mapped headers of each route, the secret among them."
  sensitive   = true
  value = {
    for key, route in var.routes : key => merge(route.request_parameters, {
      "integration.request.header.X-Gateway-Secret" = "'${var.secret}'"
    })
  }
}

output "two_way_routes" {
  description = "The routes whose answers reach the sender."
  value       = toset([for key, route in var.routes : key if route.two_way])
}

output "deployment_description" {
  description = "The same as provision_gateway writes: it says what the deployment holds."
  value       = "WebSocket deployment ${local.deployment}"
}
