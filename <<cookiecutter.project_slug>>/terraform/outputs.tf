# `terraform output -json > outputs.json`, then `manage.py register_gateway --terraform-outputs terraform/outputs.json`.

output "api_id" {
  value = aws_apigatewayv2_api.this.id
}

output "api_endpoint" {
  description = "Without the stage."
  value       = aws_apigatewayv2_api.this.api_endpoint
}

output "integration_ids" {
  value = { for key, integration in aws_apigatewayv2_integration.this : key => integration.id }
}

output "route_ids" {
  value = { for key, route in aws_apigatewayv2_route.this : key => route.id }
}

output "route_response_ids" {
  value = { for key, response in aws_apigatewayv2_route_response.this : key => response.id }
}

output "deployment_ids" {
  value = { current = aws_apigatewayv2_deployment.this.id }
}

output "stage_ids" {
  value = { (aws_apigatewayv2_stage.this.name) = aws_apigatewayv2_stage.this.name }
}

output "domain_name_ids" {
  value = { for domain in aws_apigatewayv2_domain_name.this : domain.domain_name => domain.domain_name }
}

output "api_mapping_ids" {
  value = { for mapping in aws_apigatewayv2_api_mapping.this : "${mapping.domain_name}/${local.domain.mapping_key}" => mapping.id }
}

output "certificate_validation" {
  description = "The DNS records that prove the domain, to be made by hand where there is no hosted zone."
  value       = local.requests ? aws_acm_certificate.this[0].domain_validation_options : []
}

output "dns_target" {
  description = "What the socket's domain has to be a CNAME or an alias of."
  value       = local.has_domain ? aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].target_domain_name : ""
}

output "runtime_policy_arn" {
  value = aws_iam_policy.runtime.arn
}

output "deployer_policy_arn" {
  value = aws_iam_policy.deployer.arn
}
