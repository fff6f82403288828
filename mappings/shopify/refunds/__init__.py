"""What a Shopify refund means for the books."""
