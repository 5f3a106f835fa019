-- Whether a membership is one that sellers pay for; null where it is not known.
membership IN ('gold', 'global_gold', 'verified', 'verified_pro')
