"""What people do: one public verb each; opens the transaction, asks the domain, writes, tells."""
