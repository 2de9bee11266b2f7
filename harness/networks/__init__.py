"""Networks: one file each. Every one maps (x, λ, label) to an output of the shape of x."""
