# Two policies, the same that docs/iam.md shows. Attach the runtime one to Django's role, and the deployer one to whoever runs
# `manage.py provision_gateway` instead of Terraform.

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

locals {
  policies = "${path.module}/../gateway/provisioning/policies"

  names = {
    partition = data.aws_partition.current.partition
    region    = var.region
    account   = data.aws_caller_identity.current.account_id
    api_id    = aws_apigatewayv2_api.this.id
    stage     = aws_apigatewayv2_stage.this.name
  }
}

resource "aws_iam_policy" "runtime" {
  name_prefix = "${var.gateway.name}-websocket-runtime-"
  description = "Sending to the WebSocket connections of ${var.gateway.name}, looking at them and closing them."
  policy      = templatefile("${local.policies}/runtime.json", local.names)
  tags        = var.gateway.tags
}

resource "aws_iam_policy" "deployer" {
  name_prefix = "${var.gateway.name}-websocket-deployer-"
  description = "Running manage.py provision_gateway."
  policy      = templatefile("${local.policies}/deployer.json", local.names)
  tags        = var.gateway.tags
}
