"""What the rivals' KPIs are made of: the measures that are summed, and each ratio's two sides."""

MEASURES = (
    "clicks",
    "impressions",
    "cost",
    "leads",
    "opportunities",
    "opportunities_from_leads",
    "closed_won",
    "closed_lost",
    "revenue",
)

# Both sides are written so that SQL, polars and pandas' eval read them alike.
RATIOS = {
    "cpc": ("cost", "clicks"),
    "cpa": ("cost", "leads"),
    "cvr_lead_to_opp": ("opportunities_from_leads", "leads"),
    "cvr_opp_to_won": ("closed_won", "opportunities"),
    "roas": ("revenue", "cost"),
    "ctr": ("clicks", "impressions"),
    "cpm": ("1000 * cost", "impressions"),
    "cost_per_opportunity": ("cost", "opportunities"),
    "cac": ("cost", "closed_won"),
    "win_rate": ("closed_won", "closed_won + closed_lost"),
    "open_share": ("opportunities - closed_won - closed_lost", "opportunities"),
}
