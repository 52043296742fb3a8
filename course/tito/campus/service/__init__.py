"""The campus service: looks at the platform's members each night, and sends scores as they are told."""
