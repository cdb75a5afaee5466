"""Where rows come from: HTTP, files, frames and lists, read as they are."""
