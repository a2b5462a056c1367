"""What went wrong with a call to AWS, in one sentence that names the thing and the remedy."""

from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    TokenRetrievalError,
)

NO_IDENTITY = "AWS does not know these credentials ({code}): check AWS_ACCESS_KEY_ID or AWS_PROFILE."
EXPIRED = "The AWS credentials have expired ({code}): sign in again, for example with `aws sso login`."
DENIED = "AWS denies {action}: give this identity the policy gateway/provisioning/policies/deployer.json. AWS says: {reason}."
THROTTLED = "AWS throttles {action} still, after waiting: run the same command again in a minute."
QUOTA = (
    "An AWS quota is reached in {region} by {action}: have it raised, or delete what is not used. AWS says: {reason}."
)
NO_LOG_ROLE = (
    "This account has no CloudWatch Logs role for API Gateway in {region}: set one under Settings in the API Gateway console, or "
    "empty the gateway's access_log_arn."
)
DOMAIN_TAKEN = (
    "The domain name is taken, by another API or account: free it there or choose another. AWS says: {reason}."
)
TROUBLE = "AWS could not carry out {action} and gives no reason a caller could act on: run the same command again."
REFUSED = "AWS refused {action} ({code}): {reason}. Correct the record and run the same command again."

BY_CODE = {
    "UnrecognizedClientException": NO_IDENTITY,
    "InvalidClientTokenId": NO_IDENTITY,
    "SignatureDoesNotMatch": NO_IDENTITY,
    "InvalidSignatureException": NO_IDENTITY,
    "AuthFailure": NO_IDENTITY,
    "ExpiredToken": EXPIRED,
    "ExpiredTokenException": EXPIRED,
    "RequestExpired": EXPIRED,
    "AccessDeniedException": DENIED,
    "AccessDenied": DENIED,
    "ForbiddenException": DENIED,
    "UnauthorizedOperation": DENIED,
    "TooManyRequestsException": THROTTLED,
    "ThrottlingException": THROTTLED,
    "Throttling": THROTTLED,
    "LimitExceededException": QUOTA,
    "ServiceQuotaExceededException": QUOTA,
}
BY_REASON = {
    "limit exceeded": QUOTA,
    "maximum number": QUOTA,
    "cloudwatch logs role": NO_LOG_ROLE,
}

NO_CREDENTIALS = (
    "There are no complete AWS credentials here: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
)
NO_ANSWER = "{service} does not answer in region {region!r}: check AWS_REGION, AWS_ENDPOINT_URL_* and the network."
NOT_STARTED = (
    "Nothing answers at {address}, where the AWS_ENDPOINT_URL_* lines of `.env` point: start the local API Gateway (`make run`), "
    "or for AWS remove them."
)
NOT_ASKED: tuple[tuple[type[BotoCoreError], str], ...] = (
    (NoCredentialsError, NO_CREDENTIALS),
    (PartialCredentialsError, NO_CREDENTIALS),
    (TokenRetrievalError, "The AWS sign-in has ended: sign in again, for example with `aws sso login`."),
    (
        ProfileNotFound,
        "AWS_PROFILE names a profile that ~/.aws/config does not have: correct it or run `aws configure`.",
    ),
    (NoRegionError, "No AWS region is set: set AWS_REGION."),
    (InvalidRegionError, "{region!r} is no AWS region: correct AWS_REGION."),
    (EndpointConnectionError, NO_ANSWER),
    (ConnectTimeoutError, NO_ANSWER),
    (ReadTimeoutError, NO_ANSWER),
    (ParamValidationError, "{service} does not take a value of the record: {last_line}."),
)
NOT_ASKED_OTHERWISE = "The call to {service} failed ({name}): run the same command again."


def explain(error: ClientError | BotoCoreError, service: str, operation: str, region: str) -> str:
    """One sentence. AWS's own words are quoted: they name resources, and hold no secret of ours."""
    if isinstance(error, ClientError):
        return _refused(error, service, operation, region)
    sentence = next((text for kind, text in NOT_ASKED if isinstance(error, kind)), NOT_ASKED_OTHERWISE)
    address = str(error.kwargs.get("endpoint_url", ""))
    if sentence is NO_ANSWER and urlsplit(address).hostname in {"127.0.0.1", "localhost"}:
        sentence = NOT_STARTED
    last_line = str(error).splitlines()[-1].strip() if isinstance(error, ParamValidationError) else ""
    named = {"service": service, "region": region, "name": type(error).__name__, "address": address}
    return sentence.format(**named, last_line=last_line)


def _refused(error: ClientError, service: str, operation: str, region: str) -> str:
    details = error.response.get("Error", {})
    code, reason = str(details.get("Code", "")), str(details.get("Message", "")).strip().rstrip(".")
    sentence = BY_CODE.get(code)
    if code == "ConflictException" and operation == "create_domain_name":
        sentence = DOMAIN_TAKEN
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        sentence = TROUBLE
    if sentence is None:
        sentence = next((text for part, text in BY_REASON.items() if part in reason.lower()), REFUSED)
    action = f"{service} " + "".join(part.title() for part in operation.split("_"))
    return sentence.format(code=code, reason=reason, action=action, region=region)
