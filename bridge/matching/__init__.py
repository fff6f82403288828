"""What the books hold without our marker, compared with what is about to be created. Pure."""
