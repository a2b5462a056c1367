# The WebSocket API: what `manage.py provision_gateway` makes with boto3, made with Terraform.

module "naming" {
  source = "./naming"

  routes      = var.gateway.routes
  secret      = var.websocket_secret
  fingerprint = var.gateway.fingerprint
}

resource "aws_apigatewayv2_api" "this" {
  name                       = var.gateway.name
  protocol_type              = "WEBSOCKET"
  route_selection_expression = var.gateway.route_selection_expression
  ip_address_type            = var.gateway.ip_address_type
  tags                       = var.gateway.tags
}

resource "aws_apigatewayv2_integration" "this" {
  for_each = var.gateway.routes

  api_id               = aws_apigatewayv2_api.this.id
  description          = each.value.description
  integration_type     = "HTTP_PROXY"
  integration_method   = each.value.method
  integration_uri      = each.value.uri
  connection_type      = "INTERNET"
  passthrough_behavior = "WHEN_NO_MATCH"
  timeout_milliseconds = each.value.timeout_ms
  request_parameters   = module.naming.request_parameters[each.key]

  # AWS does not delete an integration while a route targets it.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_apigatewayv2_route" "this" {
  for_each = var.gateway.routes

  api_id                              = aws_apigatewayv2_api.this.id
  route_key                           = each.key
  target                              = "integrations/${aws_apigatewayv2_integration.this[each.key].id}"
  authorization_type                  = "NONE"
  route_response_selection_expression = each.value.two_way ? "$default" : null
}

resource "aws_apigatewayv2_route_response" "this" {
  for_each = module.naming.two_way_routes

  api_id             = aws_apigatewayv2_api.this.id
  route_id           = aws_apigatewayv2_route.this[each.key].id
  route_response_key = "$default"
}

# A deployment is a snapshot: what is not covered by its triggers changes without ever becoming live.
resource "aws_apigatewayv2_deployment" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  description = module.naming.deployment_description

  triggers = {
    api             = sha1(jsonencode([aws_apigatewayv2_api.this.route_selection_expression]))
    integrations    = nonsensitive(sha1(jsonencode(aws_apigatewayv2_integration.this)))
    routes          = sha1(jsonencode(aws_apigatewayv2_route.this))
    route_responses = sha1(jsonencode(aws_apigatewayv2_route_response.this))
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_apigatewayv2_stage" "this" {
  api_id        = aws_apigatewayv2_api.this.id
  name          = var.gateway.stage.name
  deployment_id = aws_apigatewayv2_deployment.this.id
  tags          = var.gateway.tags

  # AWS stores 0 for a throttle number that is absent, and then every handshake gets 429.
  default_route_settings {
    throttling_rate_limit    = var.gateway.stage.throttling_rate_limit
    throttling_burst_limit   = var.gateway.stage.throttling_burst_limit
    detailed_metrics_enabled = false
    # Data tracing would write the mapped secret into the logs.
    data_trace_enabled = false
    logging_level      = "OFF"
  }

  dynamic "access_log_settings" {
    for_each = var.gateway.access_logs[*]

    content {
      destination_arn = aws_cloudwatch_log_group.access[0].arn
      format          = access_log_settings.value.format
    }
  }

  depends_on = [aws_api_gateway_account.this]
}
