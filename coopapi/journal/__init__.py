"""The journal: a record of acts and consultations, with a hash chain for each authority."""
