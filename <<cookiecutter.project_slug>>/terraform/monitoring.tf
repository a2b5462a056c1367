# Access logs and alarms. The metrics of a WebSocket API have the dimensions ApiId and Stage.

resource "aws_cloudwatch_log_group" "access" {
  count = var.gateway.access_logs == null ? 0 : 1

  name              = var.gateway.access_logs.group_name
  retention_in_days = var.gateway.access_logs.retention_days
  tags              = var.gateway.tags
}

data "aws_iam_policy_document" "log_role" {
  count = var.manage_account_log_role ? 1 : 0

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "logs" {
  count = var.manage_account_log_role ? 1 : 0

  name_prefix        = "api-gateway-logs-"
  assume_role_policy = data.aws_iam_policy_document.log_role[0].json
}

resource "aws_iam_role_policy_attachment" "logs" {
  count = var.manage_account_log_role ? 1 : 0

  role       = aws_iam_role.logs[0].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

resource "aws_api_gateway_account" "this" {
  count = var.manage_account_log_role ? 1 : 0

  cloudwatch_role_arn = aws_iam_role.logs[0].arn

  depends_on = [aws_iam_role_policy_attachment.logs]
}

locals {
  alarms = length(var.alarm_topic_arns) == 0 ? {} : {
    IntegrationError   = { statistic = "Sum", period = 300, threshold = var.alarm_thresholds.integration_errors, text = "Django answers API Gateway with errors." }
    ClientError        = { statistic = "Sum", period = 300, threshold = var.alarm_thresholds.client_errors, text = "API Gateway refuses clients before Django sees them." }
    ExecutionError     = { statistic = "Sum", period = 300, threshold = var.alarm_thresholds.execution_errors, text = "API Gateway cannot call Django." }
    IntegrationLatency = { statistic = "p95", period = 300, threshold = var.alarm_thresholds.latency_ms, text = "Django answers slowly." }
    ConnectCount       = { statistic = "Sum", period = 60, threshold = var.alarm_thresholds.connects, text = "Connections come faster than usual; AWS allows 500 a second." }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.gateway.name}-${var.gateway.stage.name}-${each.key}"
  alarm_description   = each.value.text
  namespace           = "AWS/ApiGateway"
  metric_name         = each.key
  dimensions          = { ApiId = aws_apigatewayv2_api.this.id, Stage = aws_apigatewayv2_stage.this.name }
  statistic           = each.value.statistic == "Sum" ? "Sum" : null
  extended_statistic  = each.value.statistic == "Sum" ? null : each.value.statistic
  period              = each.value.period
  evaluation_periods  = 1
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.gateway.tags
}
