# The socket's own domain, when the gateway's record asks for it. WebSocket APIs know only regional endpoints.

locals {
  domain      = var.gateway.domain
  has_domain  = local.domain != null
  requests    = local.has_domain && try(local.domain.certificate_arn == "", false)
  has_zone    = local.has_domain && try(local.domain.hosted_zone_id != "", false)
  certificate = local.requests ? aws_acm_certificate_validation.this[0].certificate_arn : try(local.domain.certificate_arn, "")
}

resource "aws_acm_certificate" "this" {
  count = local.requests ? 1 : 0

  domain_name       = local.domain.name
  validation_method = "DNS"
  tags              = var.gateway.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  for_each = local.requests && local.has_zone ? {
    for option in aws_acm_certificate.this[0].domain_validation_options : option.domain_name => option
  } : {}

  zone_id         = local.domain.hosted_zone_id
  name            = each.value.resource_record_name
  type            = each.value.resource_record_type
  records         = [each.value.resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

# Without a zone this waits until somebody has made the record of the output certificate_validation.
resource "aws_acm_certificate_validation" "this" {
  count = local.requests ? 1 : 0

  certificate_arn         = aws_acm_certificate.this[0].arn
  validation_record_fqdns = local.has_zone ? [for record in aws_route53_record.validation : record.fqdn] : null
}

resource "aws_apigatewayv2_domain_name" "this" {
  count = local.has_domain ? 1 : 0

  domain_name = local.domain.name
  tags        = var.gateway.tags

  domain_name_configuration {
    certificate_arn = local.certificate
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
    ip_address_type = var.gateway.ip_address_type
  }
}

resource "aws_apigatewayv2_api_mapping" "this" {
  count = local.has_domain ? 1 : 0

  api_id          = aws_apigatewayv2_api.this.id
  domain_name     = aws_apigatewayv2_domain_name.this[0].id
  stage           = aws_apigatewayv2_stage.this.id
  api_mapping_key = local.domain.mapping_key == "" ? null : local.domain.mapping_key
}

resource "aws_route53_record" "socket" {
  for_each = local.has_zone ? toset(var.gateway.ip_address_type == "dualstack" ? ["A", "AAAA"] : ["A"]) : toset([])

  zone_id = local.domain.hosted_zone_id
  name    = local.domain.name
  type    = each.key

  alias {
    name                   = aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].target_domain_name
    zone_id                = aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].hosted_zone_id
    evaluate_target_health = false
  }
}
