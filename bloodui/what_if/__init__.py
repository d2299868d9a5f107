"""An image made worse by hand, and how every answer moves."""
