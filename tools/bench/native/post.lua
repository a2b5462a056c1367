-- The post that a fan-out makes, over and over, for wrk.
wrk.method = "POST"
wrk.body = '{"type": "bench", "text": "' .. string.rep("x", 160) .. '"}'
wrk.headers["Content-Type"] = "application/octet-stream"
wrk.headers["X-Amz-Date"] = "20300101T000000Z"
wrk.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=local/20300101/us-east-1/execute-api/aws4_request, "
  .. "SignedHeaders=host;x-amz-date, Signature=" .. string.rep("0", 64)
wrk.path = "/production/@connections/B000000000benchx%3D"
