"""Published figures beside ours: `figures` decides whether one was reproduced, `page` tabulates them."""
