"""Released records as the vendor writes them, one by one or summed up."""
