# What Django needs at run time: to post to connections, to look at them and to close them. Attach it to Django's role.

data "aws_partition" "current" {}

data "aws_iam_policy_document" "runtime" {
  statement {
    actions   = ["execute-api:ManageConnections"]
    resources = [for verb in ["POST", "GET", "DELETE"] : "${aws_apigatewayv2_stage.this.execution_arn}/${verb}/@connections/*"]
  }
}

resource "aws_iam_policy" "runtime" {
  name_prefix = "${var.gateway.name}-websocket-runtime-"
  description = "Sending to the WebSocket connections of ${var.gateway.name}."
  policy      = data.aws_iam_policy_document.runtime.json
  tags        = var.gateway.tags
}
