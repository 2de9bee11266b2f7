"""The published boards as static pages, for any web host: an index, and for each track its board and its entries.

pages    the HTML of each page
curves   one small picture: ε-error of an entry against λ, beside the baseline's
write    all pages into a folder, or none
"""
