"""KPIs on their way out: written canonically, signed, and delivered once."""
