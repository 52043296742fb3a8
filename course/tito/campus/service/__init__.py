"""The campus service: checks the platform's members each night, and sends scores once students are shown them."""
