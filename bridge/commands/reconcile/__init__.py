"""The month's end: shop and processor against books, day by day, with the documents behind each difference."""
