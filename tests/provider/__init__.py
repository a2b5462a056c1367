"""The AWS provider's schema, as far as the Terraform module uses it, and what checks a module against it."""
