"""What payers and patients answer and pay: remittances, the receivables ledger, denials, statements, closed months."""
