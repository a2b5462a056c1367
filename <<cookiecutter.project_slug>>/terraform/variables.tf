# `manage.py terraform_vars` writes region and gateway into gateway.auto.tfvars.json. Do not edit that file: it is the desired state
# that `manage.py provision_gateway` would make, so that both ways build the same API.

variable "region" {
  description = "The AWS region of the API."
  type        = string
}

variable "gateway" {
  description = "The desired state, without the secret."
  type = object({
    name                       = string
    route_selection_expression = string
    ip_address_type            = string
    tags                       = map(string)
    fingerprint                = string
    stage = object({
      name                   = string
      throttling_rate_limit  = number
      throttling_burst_limit = number
    })
    access_logs = optional(object({
      group_name     = string
      format         = string
      retention_days = number
    }))
    routes = map(object({
      two_way            = bool
      description        = string
      uri                = string
      method             = string
      timeout_ms         = number
      request_parameters = map(string)
    }))
    domain = optional(object({
      name            = string
      mapping_key     = string
      certificate_arn = string
      hosted_zone_id  = string
    }))
  })
}

variable "websocket_secret" {
  description = "The first of WEBSOCKET_SECRETS. Pass it as TF_VAR_websocket_secret. It ends up in the state: keep that encrypted."
  type        = string
  sensitive   = true
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told when an alarm goes off. None: no alarms."
  type        = list(string)
  default     = []
}

variable "alarm_thresholds" {
  description = "Errors in five minutes, milliseconds at the 95th percentile, connects in one minute."
  type = object({
    integration_errors = optional(number, 10)
    client_errors      = optional(number, 100)
    execution_errors   = optional(number, 1)
    latency_ms         = optional(number, 2000)
    connects           = optional(number, 20000)
  })
  default = {}
}

variable "manage_account_log_role" {
  description = "Whether to set the account's CloudWatch role for API Gateway. It is one for the whole account and region: leave it false if others may have set it."
  type        = bool
  default     = false
}
