"""When there is too little or something is wrong with it: substitutes, shares of scarce items, recalls."""
