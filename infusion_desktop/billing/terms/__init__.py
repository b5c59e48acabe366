"""What payers agreed to: contracts, fees, codes, authorizations."""
